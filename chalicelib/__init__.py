"""What the Lambdas do, apart from speaking HTTP and Lambda, which is app.py's."""
