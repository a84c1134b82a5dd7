"""New models and projects, written as files to edit."""
