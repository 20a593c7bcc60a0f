"""Public holidays, from the ``holidays`` library."""

from collections.abc import Iterable
from datetime import date

from diffuse.errors import AuthoringError, nearest


class RegionCalendar:
    """Knows the public holidays of countries and of their parts, days off in lieu included."""

    def holidays(self, region: str, years: Iterable[int]) -> frozenset[date]:
        """Return the public holidays of a region such as ``CA-QC``; of an empty region, none.

        Raises:
            AuthoringError: for a region that is not known.
        """
        if not region:
            return frozenset()
        from holidays import country_holidays, list_supported_countries

        countries = list_supported_countries(include_aliases=False)
        country, _, part = region.partition("-")
        if country not in countries or (part and part not in countries[country]) or region.endswith("-"):
            known = [*countries, *(f"{name}-{part}" for name, parts in countries.items() for part in parts)]
            raise AuthoringError.of(
                f"no region is called {region!r}",
                "a country or a part of one, such as 'CA' or 'CA-QC'",
                suggestion=nearest(region.upper(), known),
            )
        return frozenset(country_holidays(country, subdiv=part or None, years=list(years)))
