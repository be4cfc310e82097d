# Only what the project uses. scipy has no type information of its own.
from scipy import special as special
from scipy import stats as stats
