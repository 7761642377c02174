"""What turns images into numbers to score in."""
