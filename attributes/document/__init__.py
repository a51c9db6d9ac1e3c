"""The schema as code: all attributes and option sets as one document, and making it come true."""
