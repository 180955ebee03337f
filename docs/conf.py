"""Configures Sphinx for `docs.build`."""

from seatlatch import __version__

project = "seatlatch"
release = __version__
html_title = "seatlatch"

extensions = ["myst_parser"]
root_doc = "index"
myst_heading_anchors = 6
nitpicky = True
smartquotes = False
suppress_warnings = ["misc.highlighting_failure"]
"""A block `http` may have headers only, or a response whose body is formatted for reading."""

html_theme = "furo"
templates_path = ["templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "reference.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_favicon = "static/icon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
