"""A model of the hub on its way here, with a bar."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

import streamlit as st

from analyzer.errors import ModelUnavailable

__all__ = ["fetch"]

_LOOK = 0.2  # seconds
_HERE: set[str] = set()  # models that were fetched whole since the program began


def fetch(name: str) -> None:
    """Fetch what is not here yet of a hub model; whatever else is named needs nothing, and is left alone.

    What goes wrong is left to be said by who loads it: what was fetched at another time may do. A reader who leaves
    does not end it, so coming back finds more of it here.
    """
    from analyzer.models.loading import download, on_hub

    if name in _HERE or not on_hub(name):
        return
    here = [0, 0]  # bytes, of how many; written by the client's threads, which may not draw

    def tell(done: int, total: int) -> None:
        here[:] = [max(here[0], done), max(here[1], total)]

    pool = ThreadPoolExecutor(1)
    try:
        fetched = pool.submit(download, name, progress=tell)
        bar = st.empty()
        while not fetched.done():
            wait([fetched], timeout=_LOOK)
            done, total = here
            if total:
                bar.progress(min(1.0, done / total), f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB")
        bar.empty()
        with suppress(ModelUnavailable):
            fetched.result()
            _HERE.add(name)
    finally:
        pool.shutdown(wait=False)
