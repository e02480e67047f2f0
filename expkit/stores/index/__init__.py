"""What a store's runs say, kept beside it so that lists need not read them. Never the truth; imports no store."""
