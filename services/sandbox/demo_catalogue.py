"""Offers for the demo subscribers: invented services and publishers, plausible prices.

Addresses end in `.example`; phone numbers are from the range reserved for fiction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from services.sandbox.data_file import MerchantContact, Money
from services.sandbox.store import fold

Category = Literal[
    "press", "games", "video", "music", "dating", "parking", "transport",
    "ticketing", "donation", "streaming", "adult", "services", "other",
]  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """Offer of a merchant, at any of its prices, in cents."""

    merchant: str
    description: str
    category: Category
    prices: tuple[int, ...]

    @cached_property
    def contact(self) -> MerchantContact:
        """Contact of the merchant."""
        name = re.sub(r"[^a-z0-9]+", "-", fold(self.merchant)).strip("-")[:40]
        number = f"{sum(map(ord, name)) % 10_000:04}"
        return MerchantContact(
            url=f"https://www.{name}.example",
            email=f"contact@{name}.example",
            phone=f"01 99 00 {number[:2]} {number[2:]}",
        )

    def tax(self, cents: int) -> Money | None:
        """Return the VAT of a price: 2.1 % for the press, none for a donation, 20 % for the rest."""
        if self.category == "donation":
            return None
        share = 21 / 1021 if self.category == "press" else 20 / 120
        return money(round(cents * share))


def money(cents: int) -> Money:
    """Return cents as an amount of the contract."""
    units, rest = divmod(abs(cents), 100)
    return Money(amount=f"{'-' if cents < 0 else ''}{units}.{rest:02}")


BOX = (
    Offer("Gazette des Deux Rives", "Article à l'unité", "press", (50, 99, 150)),
    Offer("Le Fil du Canton", "Numéro du jour", "press", (150, 200)),
    Offer("Tribune du Stade Bleu", "Dossier : la saison en chiffres", "press", (180, 300)),
    Offer("Studio Pixelune", "Île aux Boussoles, coffre de crédits", "games", (199, 299, 499, 999)),
    Offer("Forge des Lutins", "Niveau supplémentaire", "games", (99, 199)),
    Offer("Ciné Lanterne", "Location 48 h", "video", (299, 399, 499)),
    Offer("Replay Marelle", "Épisode en avant-première", "video", (299,)),
    Offer("Onde Verveine", "Titre à l'unité", "music", (99, 129)),
    Offer("Almanach Céleste", "Thème du mois", "services", (180, 300)),
    Offer("Annuaire Sylve", "Recherche approfondie", "services", (35, 120, 180)),
    Offer("Calcul Facile Impôts", "Simulation détaillée", "services", (180,)),
    Offer("Halle aux Images", "Entrée, exposition temporaire", "ticketing", (500, 800, 950)),
    Offer("Les Mains Ouvertes", "Don ponctuel", "donation", (200, 300, 500)),
)
"""Offers for a box. Each price is under 10 €: above, a first purchase would be reported as unusual."""
SMALL = tuple(offer for offer in BOX if max(offer.prices) < 500)
"""Offers under 5 €, the limit from which the app reports a publisher's first purchase."""

MOBILE = (
    Offer("Tram des Collines", "Ticket 1 heure", "transport", (170, 190, 210)),
    Offer("Bus Horizon", "Ticket à l'unité", "transport", (170, 190)),
    Offer("Carillon Mobile", "Sonnerie", "music", (100, 200, 300)),
    Offer("Papier Azur", "Fond d'écran animé", "other", (100, 200)),
    Offer("Juke Tilleul", "Titre à l'unité", "music", (99, 129)),
    Offer("Deux Tasses", "Crédits de conversation", "dating", (150, 300, 450)),
)
"""Offers for a mobile line."""

SMS = (
    Offer("Parcmètre Ville-Neuve", "Stationnement", "parking", (120, 240, 400)),
    Offer("Vote Grand Plateau", "Vote par SMS", "other", (65, 75, 99)),
    Offer("Refuge du Val", "Don par SMS", "donation", (200, 300)),
)
"""Offers bought by text message."""

CLUB_CUBEO = Offer("Club Cubéo", "Club de jeux, abonnement hebdomadaire", "games", (299, 399))
GAZETTE = Offer("Gazette des Deux Rives", "Accès intégral, abonnement mensuel", "press", (0, 499))
GRAND_ECRAN = Offer("Grand Écran Plus", "Streaming, abonnement mensuel", "streaming", (899,))
FICHE_POTAGER = Offer("Fiche Potager", "Conseils de saison, abonnement hebdomadaire", "services", (299,))
ANTIVIRUS = Offer("Antivirus Chardon", "Protection, abonnement mensuel", "services", (299,))

ARTICLE = Offer("Gazette des Deux Rives", "Article à l'unité", "press", (99,))
EVENING_ARTICLE = Offer("Gazette des Deux Rives", "Article à l'unité, édition du soir", "press", (99,))
NIGHT_ARTICLE = Offer("Gazette des Deux Rives", "Article à l'unité, dépêche de la nuit", "press", (99,))
DUPLICATE = Offer("Studio Pixelune", "Île aux Boussoles, 100 boussoles", "games", (299,))
RENTAL = Offer("Ciné Lanterne", "Location 48 h : La Dernière Écluse", "video", (499,))
ADULT = Offer("Contenu réservé aux adultes", "Accès à l'acte", "adult", (300,))
ACCENTED = Offer("Éphéméride d'Août", "Où l'été naît : forêts, grèves, îlots", "press", (150,))
LONG = Offer(
    "Compagnie Intercommunale des Promenades Sonores et des Visites Guidées du Haut-Pays d'Ormelune",
    "Visite guidée sonore de la vieille ville et des remparts, version intégrale avec plan et commentaires",
    "ticketing",
    (500,),
)
ALBUM = Offer("Orgue des Brumes", "Album, téléchargement", "music", (790,))
TRACK = Offer("Onde Verveine", "Titre à l'unité", "music", (99,))
BUNDLE = Offer("Forge des Lutins", "Coffret de niveaux, édition complète", "games", (5200,))
SHOW = Offer("Scène du Moulin", "Place de spectacle", "ticketing", (2800,))
SHOWS = (
    SHOW,
    Offer("Halle aux Images", "Entrée famille, exposition temporaire", "ticketing", (1500,)),
    Offer("Ligue des Rivières", "Don ponctuel", "donation", (2000,)),
    Offer("Halle aux Images", "Entrée, exposition temporaire", "ticketing", (1200,)),
)
"""Offers that bring a month near its ceiling."""
