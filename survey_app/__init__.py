"""Who asks, who answers, who checks, who publishes; so far only the demo waves."""
