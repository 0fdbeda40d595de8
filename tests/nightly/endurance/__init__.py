"""Tests of long use: leaks after many visits, losses by cuts and kills."""
