"""Web host: admits browsers, serves the files of the web client, and guards what clients send."""
