#!/bin/sh
# The whole way from public data to the demo folder: sh run.sh DATA WORK DEMO   (about two hours on two cores; may be stopped and started again)
set -e
data=$1 work=$2 demo=$3 here=$(dirname "$0")
[ -f "$work/prompts.jsonl" ] || python3 "$here/prepare.py" --data "$data" --out "$work"
[ -f "$work/heldout.npz" ] || python3 "$here/train_tokenizer.py" --work "$work"
python3 "$here/train_model.py" --work "$work" --minutes 67 --compile
python3 "$here/train_saes.py" --work "$work" --minutes 4.5
python3 "$here/label_features.py" --work "$work"
python3 "$here/evaluate.py" --work "$work" --out "$here/results"
mkdir -p "$demo/case-study"
rm -rf "$demo/model" "$demo/sae"
cp -r "$work/model" "$work/sae" "$demo"
cp "$work/prompts.jsonl" "$demo/case-study"
