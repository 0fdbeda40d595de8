"""Parts that the tests share: clients, servers, clocks and fuzzing."""
