"""Django: the rows of attached tables in querysets, and clipsql's schema with `manage.py migrate`.

class Product(models.Model):
    ...
    objects = PictureManager()

Product.objects.search_pictures("red shoe", max_results=20).filter(price__lt=50)
"""

from clipsql.django.querysets import PictureManager, PictureQuerySet

__all__ = ["PictureManager", "PictureQuerySet"]
