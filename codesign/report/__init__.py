"""Report: what a run found, as one page that stands alone.

history      fitness, diversity and success of operators, in numbers
phylogeny    the ancestors of winners, thinned and laid out
differences  what a child changed in its parent
motion       loops of an episode that begin again without a jump
pictures     bodies, bodies in motion, and gaits, as SVG
episodes     an episode of each design on each task, with its pictures
designs      the best designs, as cards
archive      Pareto fronts, and archives as maps
charts       figures of Plotly
words        sentences
content      all that a page says about a run
page         the page
"""

from codesign.report.comparison import Comparison, compare, part_of
from codesign.report.content import Content, content_of
from codesign.report.page import comparison_page, report_page
from codesign.report.pictures import Pictures

__all__ = [
    "Comparison",
    "Content",
    "Pictures",
    "compare",
    "comparison_page",
    "content_of",
    "part_of",
    "report_page",
]
