"""Text, and nothing but text: the one tokenizer, names and titles made comparable, formulas, citations."""
