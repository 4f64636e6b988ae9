"""In the field: tablets, areas given to them, calls at households, interviews."""
