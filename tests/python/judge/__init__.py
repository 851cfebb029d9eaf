"""Holds logged exchanges of the sandbox against AWS's own description of its services, botocore's models.

Run from the folder above:  python -m judge [--tolerate-rejected] EXCHANGES.jsonl

Each line of the file is one exchange, a JSON object:
  service, region, operation
  request    {"method", "uri", "headers", "body"}   header names in lower case, the body as text; CBOR in base64
  response   {"status", "headers", "body"}, or null where the connection was broken on purpose
  error      the error's code, or null
  injected   true where a simulated world, and not the service, made the answer: judged for form only

Nothing here knows an operation by name: what botocore describes is judged, so new operations need no change.

  exchange.py     one exchange: which operation, which protocol, which side is to be judged how
  rest.py         where REST protocols put members: path, query, headers, body
  cbor_rpc.py     rpc-v2-cbor: the operation in the path, the input and output as bodies in base64
  json_rpc.py     awsJson: the target in a header, the input and output as bodies
  form.py         query and ec2 requests: form to tree
  xml_tree.py     XML to tree, strictly
  json_tree.py    JSON to tree, strictly
  scalars.py      text and JSON scalars to typed values
  constraints.py  required members, lengths, ranges, patterns, enums
  errors.py       an error's form, and whether the operation knows its code
"""
