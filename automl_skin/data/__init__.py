"""From a table and a folder to cases: roles, target, metadata, audit, groups and the fold plan."""
