"""The verbs of the command line, one module each; a module imports heavy packages only inside its function."""
