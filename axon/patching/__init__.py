"""Newer releases of node images and EKS add-ons, and their pins in a stack file."""
