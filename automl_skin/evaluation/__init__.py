"""The report: locked-test figures, subgroups, operating points, plots, the model card."""
