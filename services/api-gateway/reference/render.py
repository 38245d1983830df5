#!/usr/bin/env python3
"""The REST reference of the gateway from proto/openapi.yaml: the document as JSON, and a page for people.

    render.py openapi.yaml reference.cpp [page.html]

Writes the C++ source that embeds both, and the page alone if it is named. The page needs nothing from elsewhere: its style and
script are in it, and its Content-Security-Policy names them by their hashes.
"""
import base64
import hashlib
import html
import json
import pathlib
import re
import sys

import yaml

FOLDER = pathlib.Path(__file__).parent
METHODS = ["get", "post", "put", "patch", "delete"]


class Loader(yaml.SafeLoader):
    """YAML as JSON has it: times and dates stay texts."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def escaped(text):
    return html.escape(str(text))


def prose(text):
    """Text of a description; `code` in backquotes."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped(text))


def code(value):
    return f"<code>{escaped(json.dumps(value, ensure_ascii=False))}</code>"


def last_part(reference):
    return reference.rsplit("/", 1)[1]


class Page:
    def __init__(self, document):
        self.document = document

    def resolved(self, node):
        while "$ref" in node:
            name = node["$ref"]
            node = self.document
            for part in name.removeprefix("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def type_of(self, schema):
        """The short form of a schema: a link, or its type and bounds."""
        if schema is True:
            return "anything"
        if "$ref" in schema:
            name = escaped(last_part(schema["$ref"]))
            return f'<a href="#schema-{name}">{name}</a>'
        for word in ("oneOf", "anyOf", "allOf"):
            if word in schema:
                return (" and " if word == "allOf" else " or ").join(self.type_of(each) for each in schema[word])
        if "const" in schema:
            return code(schema["const"])
        if "enum" in schema:
            return ", ".join(code(value) for value in schema["enum"])
        types = schema.get("type", "anything")
        shown = " or ".join(types) if isinstance(types, list) else types
        if "items" in schema:
            shown += f" of {self.type_of(schema['items'])}"
        if isinstance(schema.get("additionalProperties"), dict):
            shown += f" of {self.type_of(schema['additionalProperties'])}"
        bounds = [f"{label} {schema[key]}" for key, label in [
            ("format", "format"), ("minimum", "from"), ("maximum", "to"), ("minLength", "least length"), ("maxLength", "most length"),
            ("minItems", "least items"), ("maxItems", "most items"), ("default", "default")] if key in schema]
        if "pattern" in schema:
            bounds.append(f"pattern <code>{escaped(schema['pattern'])}</code>")
        return shown + (f" <span class=type>({', '.join(bounds)})</span>" if bounds else "")

    def members(self, schema):
        """Rows of an object's members, those of objects inside it included; empty for other schemas."""
        rows = []
        for name, member in schema.get("properties", {}).items():
            need = "" if name in schema.get("required", []) else " <span class=type>optional</span>"
            about = "" if member is True or "description" not in member else f"<p>{prose(member['description'])}</p>"
            inside = "" if member is True else self.table(self.members(member))
            rows.append((f"<code>{escaped(name)}</code>{need}", f"{self.type_of(member)}{about}{inside}"))
        return rows

    @staticmethod
    def table(rows):
        return "<table>" + "".join(f"<tr><td>{left}</td><td>{right}</td></tr>" for left, right in rows) + "</table>" if rows else ""

    def content(self, body):
        out = []
        for media, described in body.get("content", {}).items():
            schema = described.get("schema", {})
            out.append(f"<code>{escaped(media)}</code>: {self.type_of(schema)}{self.table(self.members(schema))}")
            if "example" in described:
                out.append(f"<pre>{escaped(json.dumps(described['example'], indent=2, ensure_ascii=False))}</pre>")
        return "".join(out)

    def parameters(self, path_item, operation):
        rows = []
        for parameter in path_item.get("parameters", []) + operation.get("parameters", []):
            parameter = self.resolved(parameter)
            need = "" if parameter.get("required") else " <span class=type>optional</span>"
            about = f"<p>{prose(parameter['description'])}</p>" if "description" in parameter else ""
            rows.append((f"<code>{escaped(parameter['name'])}</code> <span class=type>{escaped(parameter['in'])}</span>{need}",
                         self.type_of(parameter.get("schema", {})) + about))
        return rows

    def operation(self, path, method, path_item, operation):
        parts = [f'<h3>{prose(operation.get("summary", operation["operationId"]))}</h3>',
                 f'<div><span class=verb>{method.upper()}</span><span class=path>{escaped(path)}</span></div>']
        if "description" in operation:
            parts.append(f"<p>{prose(operation['description'])}</p>")
        schemes = sorted({name for need in operation.get("security", []) for name in need})
        if schemes:
            parts.append(f"<p>Credentials: {', '.join(f'<code>{escaped(name)}</code>' for name in schemes)}</p>")
        if rows := self.parameters(path_item, operation):
            parts.append("<h4>Parameters</h4>" + self.table(rows))
        if "requestBody" in operation:
            parts.append("<h4>Body</h4>" + self.content(self.resolved(operation["requestBody"])))
        answers = []
        for status, answer in operation["responses"].items():
            answer = self.resolved(answer)
            headers = "".join(f"<p>header <code>{escaped(name)}</code>: {prose(self.resolved(header).get('description', ''))}</p>"
                              for name, header in answer.get("headers", {}).items())
            answers.append((f"<code>{escaped(status)}</code>",
                            f"<p>{prose(answer.get('description', ''))}</p>{headers}{self.content(answer)}"))
        parts.append("<h4>Answers</h4>" + self.table(answers))
        search = escaped(f"{method} {path} {operation.get('summary', '')} {operation['operationId']}".lower())
        return f'<section id="{escaped(operation["operationId"])}" data-search="{search}">{"".join(parts)}</section>'

    def render(self):
        info = self.document["info"]
        navigation, sections = {}, []
        for path, path_item in self.document["paths"].items():
            steps = [step for step in path.split("/") if step]
            group = steps[1] if steps[:1] == ["api"] and len(steps) > 1 else "server"
            for method in (each for each in METHODS if each in path_item):
                operation = path_item[method]
                search = escaped(f"{method} {path} {operation.get('summary', '')} {operation['operationId']}".lower())
                navigation.setdefault(group, []).append(
                    f'<li data-search="{search}"><a href="#{escaped(operation["operationId"])}">'
                    f"<span class=verb>{method.upper()}</span>{escaped(path)}</a></li>")
                sections.append(self.operation(path, method, path_item, operation))
        schemas = []
        for name, schema in self.document["components"]["schemas"].items():
            about = f"<p>{prose(schema['description'])}</p>" if "description" in schema else ""
            schemas.append(f'<section id="schema-{escaped(name)}" data-search="{escaped(name.lower())}"><h3>{escaped(name)}</h3>'
                           f"{about}<p>{self.type_of(schema)}</p>{self.table(self.members(schema))}</section>")
        groups = "".join(f"<h2>{escaped(group)}</h2><ul>{''.join(items)}</ul>" for group, items in navigation.items())
        style, script = ((FOLDER / name).read_text() for name in ("page.css", "page.js"))
        text = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escaped(info["title"])} REST API</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head><body>'
            f'<nav><input type="search" placeholder="Search" aria-label="Search">{groups}<h2><a href="#schemas">schemas</a></h2></nav>'
            f'<main><h1>{escaped(info["title"])} REST API</h1><p>{prose(info.get("summary", ""))} '
            f'<a href="openapi.json">openapi.json</a></p><p>{prose(info.get("description", ""))}</p>{"".join(sections)}'
            f'<h2 id="schemas">Schemas</h2>{"".join(schemas)}</main><script>{script}</script></body></html>\n')
        policy = f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return text, policy


def digest(text):
    """The source expression of an inline part (Content Security Policy 3, section 8.4)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def literals(text):
    """Adjacent literals, joined by the compiler; bytes that a literal cannot have are escaped."""
    data = text.encode()
    lines = []
    for at in range(0, len(data), 100):
        lines.append('"' + "".join(
            chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in data[at:at + 100]) + '"')
    return "\n    ".join(lines)


def source(document_json, page, policy):
    def function(name, text):
        return f"std::string_view {name}() {{\n    static constexpr std::string_view kText =\n    {literals(text)};\n    return kText;\n}}\n"
    return ('// Made from proto/openapi.yaml by render.py.\n#include "services/api-gateway/reference/reference.hpp"\n\n'
            "namespace lamda::gateway {\n\n" + "\n".join([
                function("openapi_json", document_json), function("reference_page", page), function("reference_policy", policy)]) +
            "\n}  // namespace lamda::gateway\n")


def write_if_changed(path, text):
    path = pathlib.Path(path)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    document = yaml.load(pathlib.Path(sys.argv[1]).read_text(), Loader)
    page, policy = Page(document).render()
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    write_if_changed(sys.argv[2], source(compact, page, policy))
    if len(sys.argv) > 3:
        write_if_changed(sys.argv[3], page)


if __name__ == "__main__":
    main()
