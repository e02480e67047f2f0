"""Notices: observers that tell people of a run, at chat services and webhooks.

They hear what every observer hears, and keep nothing. Texts are made in ``words``, sent in ``posting``; what is common
to all services is in ``base``. Not for stores: what has to arrive in any case belongs into one.
"""
