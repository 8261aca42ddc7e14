"""Social scenarios: two to eight people who each want something, and talk their way there."""
