"""The page: ``streamlit run app.py``."""

import streamlit as st

from analyzer.ui import main

st.set_page_config(page_title="Text provenance analyzer", layout="centered")
main()
