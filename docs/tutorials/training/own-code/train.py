"""Any program will do: it reads /aimass/data, prints what it measures, and writes /aimass/output."""

import json
import pathlib

import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parameters = json.loads(pathlib.Path("/aimass/parameters.json").read_text())
table = pd.read_csv("/aimass/data/train/iris.csv")
features, target = table.drop(columns="species"), table["species"]
parts = train_test_split(features.to_numpy("float32"), target, test_size=0.3, random_state=0, stratify=target)

for epoch in range(1, 11):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=parameters["c"], max_iter=20 * epoch))
    model.fit(parts[0], parts[2])
    accuracy = accuracy_score(parts[3], model.predict(parts[1]))
    print(f"epoch={epoch} epochs=10 accuracy={accuracy:.4f}", flush=True)

output = pathlib.Path("/aimass/output")
joblib.dump(model, output / "model.joblib")
(output / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))
