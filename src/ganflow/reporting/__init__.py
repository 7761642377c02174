"""What a person looks at: sheets, curves, pages."""
