"""The documentation site: the pages of docs/, with what levels/, copier.yml and template/ say put in."""
