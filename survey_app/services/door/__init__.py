"""The one door of answers: what comes in, from where, in which words, and what it leaves behind."""
