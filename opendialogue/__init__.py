"""The project: what ties network, referrals and meetings into one running service."""
