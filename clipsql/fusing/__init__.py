"""Learn how a picture and a text become one vector, from examples of what was meant."""
