"""Numbers and counted things, written the same way in every figure and on the page."""

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"


def percent(share: float, digits: int = 2) -> str:
    """``percent(0.9581)`` is 95.81 %, with a space that does not break."""
    return f"{share * 100:.{digits}f}{SPACE}%"


def percent_of(share: float, count: int) -> str:
    """A share of so many, no finer than one of them makes it: 55 % of 20, 96.18 % of 10,000."""
    return percent(share, min(2, max(0, len(str(count - 1)) - 2)))


def decimal(value: float, digits: int = 2) -> str:
    """A decimal with a true minus sign, and never minus zero."""
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def significant(value: float, digits: int = 3) -> str:
    """A number to a few significant digits: costs, rates and counts; 6,400, and no 6.4e+03."""
    text = f"{value:.{digits}g}"
    whole = 1000 <= abs(float(text)) < 1e9
    return (f"{float(text):,.0f}" if whole else text).replace("-", MINUS)


def plural(count: int, noun: str) -> str:
    """``plural(2, "epoch")`` is 2 epochs."""
    endings = {"class": "classes", "bias": "biases"}
    return f"{count:,} {noun if count == 1 else endings.get(noun, noun + 's')}"
