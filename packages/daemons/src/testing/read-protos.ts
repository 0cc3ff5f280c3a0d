import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

import { Enum, type Field, MapField, type Method, Namespace, Root, Service, Type } from "protobufjs";

/**
 * What every proto file under a folder declares, as comparable text by full name: a message is `message`, a field its number,
 * label, type and oneof, an enum value its number, a method its messages and which of them stream.
 * An import is found under the folder by its path, or by its bare name where a package lays its files out flat.
 */
export function readProtos(folder: string, skip: readonly string[] = []): Map<string, string> {
  const root = new Root();
  root.resolvePath = (_origin, target) => {
    const found = [target, path.join(folder, target), path.join(folder, path.basename(target))];
    return found.find((file) => path.isAbsolute(file) && existsSync(file)) ?? null;
  };
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".proto") && !skip.some((prefix) => name.startsWith(prefix)));
  root.loadSync(files.toSorted(), { keepCase: true });
  root.resolveAll();
  const declared = new Map<string, string>();
  declare(root, declared);
  return declared;
}

function declare(scope: Namespace, into: Map<string, string>): void {
  for (const item of scope.nestedArray) {
    const name = nameOf(item);
    if (item instanceof Enum) {
      into.set(name, "enum");
      for (const [value, id] of Object.entries(item.values)) into.set(`${name}.${value}`, String(id));
    } else if (item instanceof Service) {
      into.set(name, "service");
      for (const method of item.methodsArray) into.set(`${name}/${method.name}`, describeMethod(method));
    } else if (item instanceof Type) {
      into.set(name, "message");
      for (const field of item.fieldsArray) into.set(`${name}.${field.name}`, describeField(field));
    }
    if (item instanceof Namespace) declare(item, into);
  }
}

function describeField(field: Field): string {
  const type = field.resolvedType === null ? field.type : nameOf(field.resolvedType);
  const typed = field instanceof MapField ? `map<${field.keyType}, ${type}>` : type;
  // protoc writes `optional` down as a oneof of its own, and protobufjs shows it as that.
  const isOptional = field.options?.["proto3_optional"] === true;
  const label = isOptional ? "optional " : field.repeated && !(field instanceof MapField) ? "repeated " : "";
  const choice = field.partOf !== null && !isOptional ? ` in oneof ${field.partOf.name}` : "";
  return `${field.id} ${label}${typed}${choice}`;
}

function describeMethod(method: Method): string {
  const request = method.resolvedRequestType === null ? method.requestType : nameOf(method.resolvedRequestType);
  const response = method.resolvedResponseType === null ? method.responseType : nameOf(method.resolvedResponseType);
  return `${method.requestStream ? "stream " : ""}${request} -> ${method.responseStream ? "stream " : ""}${response}`;
}

function nameOf(item: { readonly fullName: string }): string {
  return item.fullName.replace(/^\./, "");
}
