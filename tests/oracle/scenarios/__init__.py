# SPDX-License-Identifier: MIT
"""Executable scenarios for the dynamic loader: their language, their fixtures and what they expect."""
