"""Static demo: the app and its sandbox as files for any web server, run by Pyodide in the browser."""
