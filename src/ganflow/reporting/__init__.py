"""What a person looks at: sheets and curves."""
