"""Tests of a Django project, which `manage.py test` runs: the products of docs/attached-tables.md, searched."""

# ruff: noqa: PT009  Django's own runner shows what differs by the methods of a TestCase alone

from __future__ import annotations

import datetime as dt
import pickle

from depot.models import Frame, Review
from django.core.paginator import Paginator
from django.db import DatabaseError, NotSupportedError, connection, transaction
from django.db.models import Avg, Count, F, OuterRef, Q, Subquery, Window
from django.db.models.functions import Rank
from django.test import TestCase
from shop.models import Brand, Product

from clipsql.django import PictureQuerySet
from clipsql.ingest.attached import AttachedTables

RED = "a red truck"
TITLES = [RED, "a red car", "a blue car", "a green bus", "two dogs in the snow", "a bridge at night"]


def titles(queryset):
    return [product.title for product in queryset]


class Searches(TestCase):
    @classmethod
    def setUpTestData(cls):
        brands = [Brand.objects.create(name=name) for name in ("north", "south")]
        with connection.cursor() as cursor:
            cursor.execute("select clipsql.attach('depot_frame', 'url', collection => 'products')")
            for number, title in enumerate(TITLES):
                cursor.execute(
                    "select clipsql.put_image('products', %s, clipsql.embed_text(%s))", [title, title]
                )
                product = Product.objects.create(
                    title=title, photo=title, price=10 * number, brand=brands[number % 2]
                )
                Frame.objects.create(
                    camera=f"K{number % 2}", day=dt.date(2025, 1, 1 + number // 2), url=title
                )
                for stars in range(number):
                    Review.objects.create(product=product, stars=min(stars, 2))
            Product.objects.create(title="no picture", price=0, brand=brands[0])
            tables = AttachedTables(None)
            while tables.step(connection.connection):
                pass
            cursor.execute(
                "select (s.item).title, s.similarity"
                " from clipsql.search_rows(null::shop_product, %s, max_results => 100) as s",
                [RED],
            )
            cls.likeness = dict(cursor.fetchall())
        cls.order = list(cls.likeness)
        assert len(cls.order) == len(TITLES)

    def nearest(self, condition, count):
        """The right answer: of the titles whose number meets the condition, the nearest."""
        return [title for title in self.order if condition(TITLES.index(title))][:count]

    def search(self, count=None, **options):
        given = {} if count is None else {"max_results": count}
        return Product.objects.search_pictures(RED, **given, **options)

    def test_rows_come_nearest_first_with_their_similarity(self):
        found = list(self.search())
        self.assertEqual(titles(found), self.order)
        self.assertEqual([product.similarity for product in found], list(self.likeness.values()))
        self.assertEqual(titles(self.search(2)), self.order[:2])
        found[0].price = 999
        found[0].save()
        self.assertEqual(Product.objects.get(price=999).title, RED)
        self.assertEqual(titles(PictureQuerySet(Product).search_pictures(RED, max_results=1)), [RED])

    def test_filters_narrow_the_search_wherever_they_stand(self):
        third = self.nearest(lambda n: n >= 3, 2)
        self.assertEqual(len(third), 2)
        for found in (
            self.search(2).filter(price__gte=30),
            Product.objects.filter(price__gte=30).search_pictures(RED, max_results=2),
            self.search(2).filter(price__gt=10).exclude(title="a blue car"),
            self.search(2).filter(Q(price__gt=40) | Q(price=30) | Q(price=40)),
            self.search(2).filter(~Q(price__lt=30)),
            self.search(2).filter(pk__in=Product.objects.filter(price__gte=30)),
            self.search(2) & PictureQuerySet(Product).filter(price__gte=30),
            self.search(2).filter(price=30) | PictureQuerySet(Product).filter(price__gte=40),
            self.search(2, metadata_matches="$.price >= 30"),
            self.search(2).filter(price__gte=F("price") - F("price") + 30),
        ):
            self.assertEqual(titles(found), third)
        self.assertEqual(titles(self.search(1).exclude(title=RED)), self.order[1:2])
        self.assertEqual(titles(self.search(2).filter(price__gte=30)[1:2]), third[1:])

    def test_filters_over_relations_narrow_it_too(self):
        self.assertEqual(titles(self.search(2).filter(brand__name="south")), self.nearest(lambda n: n % 2, 2))
        reviewed = self.search(2).filter(review__stars=2).distinct()
        self.assertEqual(titles(reviewed), self.nearest(lambda n: n >= 3, 2))
        latest = self.search(1).filter(brand__name="south").order_by("brand__name").select_related("brand")
        self.assertEqual([product.brand.name for product in latest], ["south"])

    def test_what_is_said_of_the_search_itself_cuts_afterwards(self):
        least = self.likeness[self.order[2]]
        self.assertEqual(titles(self.search(5).filter(similarity__gt=least)), self.order[:2])
        self.assertEqual(titles(self.search(2).filter(similarity__lt=least)), [])
        self.assertEqual(titles(self.search(2).filter(Q(similarity__lt=-2) | Q(price__gte=30))), [])
        counted = self.search(2).annotate(reviews=Count("review"))
        self.assertEqual(titles(counted.filter(reviews__gte=6)), [])
        self.assertEqual([product.reviews for product in counted], [TITLES.index(t) for t in self.order[:2]])
        ranked = self.search(3).annotate(rank=Window(Rank(), order_by=F("similarity").desc())).filter(rank=2)
        self.assertEqual(titles(ranked), self.order[1:2])
        less = self.search(2).annotate(less=1 - F("similarity")).filter(less__gt=5)
        self.assertEqual(titles(less), [])
        inside = Product.objects.filter(pk=OuterRef("pk"), price__lt=OuterRef("similarity") * 1000)
        self.assertEqual(len(self.search(2).filter(pk__in=inside.values("pk"))), 2)

    def test_it_is_a_queryset_like_any_other(self):
        found = self.search(4)
        self.assertEqual(found.count(), 4)
        self.assertTrue(found.exists())
        self.assertFalse(found.filter(price__lt=0).exists())
        self.assertEqual(titles(found[1:3]), self.order[1:3])
        self.assertEqual(titles(Paginator(found, 3).page(2)), self.order[3:4])
        self.assertEqual(titles(found.reverse()), self.order[:4][::-1])
        self.assertEqual(found.first().title, RED)
        self.assertEqual(found.get(title=RED).similarity, self.likeness[RED])
        self.assertEqual(
            list(found.values_list("title", flat=True).order_by("title")), sorted(self.order[:4])
        )
        self.assertEqual(
            found.aggregate(Avg("price"))["price__avg"],
            sum(10 * TITLES.index(title) for title in self.order[:4]) / 4,
        )
        self.assertAlmostEqual(
            found.aggregate(mean=Avg("similarity"))["mean"],
            sum(self.likeness[title] for title in self.order[:4]) / 4,
        )
        by_brand = dict(
            found.filter(price__gte=0)
            .order_by()
            .values_list("brand__name")
            .annotate(Count("pk"))
            .values_list("brand__name", "pk__count")
        )
        self.assertEqual(sum(by_brand.values()), 4)
        self.assertEqual(titles(found.only("title")), self.order[:4])
        self.assertEqual(titles(found.none()), [])
        self.assertEqual(titles(found.filter(pk__in=[])), [])
        self.assertEqual(found.filter(pk__in=[]).aggregate(more=Count("pk") + 1), {"more": 1})
        again = Product.objects.all()
        again.query = pickle.loads(pickle.dumps(found.query))
        self.assertEqual(titles(again), self.order[:4])
        with transaction.atomic():
            self.assertEqual(
                titles(found.filter(price__gte=0).select_for_update(of=("self",))), self.order[:4]
            )

    def test_it_stands_within_other_queries(self):
        within = Product.objects.filter(pk__in=self.search(2).filter(price__gte=30).values("pk"))
        self.assertEqual(set(titles(within)), set(self.nearest(lambda n: n >= 3, 2)))
        brands = Brand.objects.filter(product__in=self.search(1))
        self.assertEqual([brand.name for brand in brands], ["north"])
        best = Product.objects.filter(brand=OuterRef("pk")).search_pictures(RED, max_results=1)
        best_of = Brand.objects.annotate(best=Subquery(best.values("title"))).order_by("name")
        self.assertEqual(
            [brand.best for brand in best_of],
            self.nearest(lambda n: n % 2 == 0, 1) + self.nearest(lambda n: n % 2 == 1, 1),
        )

    def test_what_it_finds_is_updated_and_deleted(self):
        self.assertEqual(self.search(2).filter(price__gte=30).update(price=1000), 2)
        changed = set(Product.objects.filter(price=1000).values_list("title", flat=True))
        self.assertEqual(changed, set(self.nearest(lambda n: n >= 3, 2)))
        self.search(2).filter(price__lt=1000).order_by().delete()
        self.assertEqual(Product.objects.count(), len(TITLES) + 1 - 2)
        self.assertFalse(Product.objects.filter(title=RED).exists())

    def test_options_have_the_names_of_sql(self):
        vector = [0.0] * connection_dimensions()
        vector[0] = 1.0
        everything = Product.objects.search_pictures(
            None, query_vector=vector, url_column="photo", max_results=3, in_collection="products",
            near_longitude=None, only_images=None, except_images=[-1], having_metadata={"price": 10},
            metadata_matches='$.price < 50 && $.price != 7', min_similarity=-1.0, model="demo",
        )  # fmt: skip
        self.assertEqual(titles(everything), ["a red car"])
        timed = self.search(taken_from=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
        self.assertEqual(titles(timed), [])
        inside = self.search(inside=[(2.0, 3.0), (4.0, 3.0), (4.0, 5.0)])
        self.assertEqual(titles(inside), [])
        with self.assertRaisesMessage(TypeError, "there is no option collection; there are: caption_query"):
            self.search(collection="products")

    def test_what_cannot_be_searched_is_refused(self):
        with self.assertRaisesMessage(TypeError, "once a slice has been taken"):
            Product.objects.all()[:3].search_pictures(RED)
        with self.assertRaisesMessage(TypeError, "A queryset is searched once"):
            self.search().search_pictures("a bus")
        with self.assertRaisesMessage(NotSupportedError, "after union()"):
            Product.objects.union(Product.objects.all()).search_pictures(RED)
        with self.assertRaisesMessage(DatabaseError, "The text is empty"), transaction.atomic():
            list(Product.objects.search_pictures(""))
        with (
            self.assertRaisesMessage(DatabaseError, "No pictures are attached to shop_brand"),
            transaction.atomic(),
        ):
            list(PictureQuerySet(Brand).search_pictures(RED))

    def test_keys_of_several_columns(self):
        def places(**options):
            return [(frame.camera, frame.day.day) for frame in Frame.objects.search_pictures(RED, **options)]

        right = [(f"K{n % 2}", 1 + n // 2) for n in map(TITLES.index, self.order)]
        self.assertEqual(places(), right)
        found = Frame.objects.search_pictures(RED, max_results=2).filter(camera="K1")
        self.assertEqual([frame.url for frame in found], self.nearest(lambda n: n % 2, 2))

    async def test_it_is_awaited(self):
        self.assertEqual([product.title async for product in self.search(2)], self.order[:2])


def connection_dimensions():
    with connection.cursor() as cursor:
        cursor.execute("select dimensions from clipsql.model where name = 'demo'")
        return cursor.fetchone()[0]
