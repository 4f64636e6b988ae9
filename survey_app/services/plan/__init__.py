"""Before anybody is asked: units, procedures, waves, their forms and indices."""
