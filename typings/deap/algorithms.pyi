from typing import Any

def eaMuPlusLambda(
    population: list[Any],
    toolbox: Any,
    mu: int,
    lambda_: int,
    cxpb: float,
    mutpb: float,
    ngen: int,
    stats: Any = ...,
    halloffame: Any = ...,
    verbose: bool = ...,
) -> tuple[list[Any], Any]: ...
