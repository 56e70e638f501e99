"""What is made of a study's predictions."""
