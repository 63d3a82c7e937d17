import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import pandas as pd  # noqa: E402
import plotly.express as px  # noqa: E402
import plotly.graph_objs as go  # noqa: E402
import seaborn as sns  # noqa: E402


def delays_by_carrier(flights: pd.DataFrame) -> go.Figure:
    return px.bar(flights.groupby("carrier")["late"].mean().reset_index(), x="carrier", y="late")


def delays_by_hour(flights: pd.DataFrame) -> go.Figure:
    share = flights.groupby("hour")["late"].mean()
    return go.Figure([go.Bar(x=share.index, y=share)])


def confusion_matrix(classifier, rows: pd.DataFrame, target: pd.Series) -> plt.Figure:
    table = pd.crosstab(target.to_numpy(), classifier.predict(rows))
    figure, axes = plt.subplots(figsize=(8, 6))
    sns.heatmap(table, annot=True, fmt="d", cmap="Blues", ax=axes)
    axes.set_title("Confusion matrix")
    return figure
