"""Networks that timm does not have, registered with it, so that they go by name like all others."""
