"""Tables: what staff bring is read line by line, what they see is sorted and shown page by page."""
