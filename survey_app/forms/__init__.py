"""From definitions to forms."""
