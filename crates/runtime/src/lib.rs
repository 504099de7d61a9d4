//! What code compiled by Adit calls while it runs.
