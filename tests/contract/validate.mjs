// SPDX-License-Identifier: Apache-2.0
// Checks messages against the published contract (docs/schema), independently of the C code.
//
//   node tests/contract/validate.mjs [--key HEX]... FILE     FILE: lines "topic payload"; "-": standard input
//
// With --key (public Ed25519 keys, 64 hex digits each) the signatures are checked too.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import Ajv2020 from "ajv/dist/2020.js";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const SCHEMA_DIR = path.join(ROOT, "docs/schema");
export const SHARED_SCHEMAS = ["common.json", "envelope.json"];
const TEXT_MAX = 65536;
const PAYLOAD_MAX = 49152;
const HEADER_MAX = 256;
const TOPIC = /^mdl\/v1\/([0-9a-f]{16})\/(up|dn)\/(evt|cmd|ack|tel|rpc)$/;

export function loadSchemas() {
    const names = fs.readdirSync(SCHEMA_DIR).filter((name) => name.endsWith(".json"));
    return new Map(names.map((name) => [name, JSON.parse(fs.readFileSync(path.join(SCHEMA_DIR, name), "utf8"))]));
}

function compileSchemas(schemas) {
    const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
    for (const [name, schema] of schemas) {
        ajv.addSchema(schema, name);
    }
    const types = new Map();
    for (const name of schemas.keys()) {
        if (!SHARED_SCHEMAS.includes(name)) {
            types.set(name.slice(0, -".json".length), ajv.getSchema(name));
        }
    }
    return types;
}

const types = compileSchemas(loadSchemas());

export function parseTopic(topic) {
    const match = TOPIC.exec(topic);
    return match && { device: match[1], direction: match[2], stream: match[3] };
}

// Unpadded base64url with one spelling only; null when it is not.
function decodePart(part) {
    const bytes = /^[A-Za-z0-9_-]*$/.test(part) ? Buffer.from(part, "base64url") : null;
    return bytes && bytes.toString("base64url") === part ? bytes : null;
}

// Senders write compact JSON with no name twice: reading and writing it again gives the same bytes.
function parseCompact(bytes) {
    try {
        const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
        const value = JSON.parse(text);
        return JSON.stringify(value) === text ? value : undefined;
    } catch {
        return undefined;
    }
}

function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function depthOf(value) {
    let depth = 0;
    for (let level = [value]; (level = level.filter((v) => typeof v === "object" && v !== null)).length > 0; depth++) {
        level = level.flatMap((v) => Object.values(v));
    }
    return depth;
}

// The header and claims of a compact JWS, with the reasons why it is none.
export function decodeMessage(text) {
    const errors = [];
    const parts = text.split(".");
    if (Buffer.byteLength(text) > TEXT_MAX) {
        errors.push(`longer than ${TEXT_MAX} bytes`);
    }
    if (parts.length !== 3) {
        return { errors: [...errors, "not three parts with dots between"] };
    }
    const [header, payload, signature] = parts.map(decodePart);
    if (!header || !payload || !signature) {
        return { errors: [...errors, "a part is not unpadded base64url"] };
    }
    if (signature.length !== 64) {
        errors.push("the signature has not 64 bytes");
    }
    if (header.length > HEADER_MAX || payload.length > PAYLOAD_MAX) {
        errors.push("header or payload too long");
    }
    const head = parseCompact(header);
    const claims = parseCompact(payload);
    if (!isObject(head) || Object.keys(head).sort().join() !== "alg,kid,typ" || head.alg !== "EdDSA" ||
        typeof head.typ !== "string" || !/^[0-9a-f]{16}$/.test(head.kid)) {
        errors.push("the header is not {alg: EdDSA, typ, kid}");
    }
    if (!isObject(claims)) {
        errors.push("the payload is not one compact JSON object without repeated names");
    } else if (depthOf(claims) > 8) {
        errors.push("the payload is nested deeper than 8");
    }
    return { errors, head, claims, signed: `${parts[0]}.${parts[1]}`, signature };
}

function publicKey(hex) {
    const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(hex, "hex")]);
    return crypto.createPublicKey({ key: spki, format: "der", type: "spki" });
}

function checkAddresses(where, claims) {
    const [iss, aud] = where.direction === "up" ? [where.device, "hub"] : ["hub", where.device];
    const want = { iss, aud, stm: where.stream };
    return Object.keys(want).filter((name) => claims[name] !== want[name])
        .map((name) => `${name} is not ${want[name]} as the topic says`);
}

// All that is wrong with a message as it came from the broker: [] when nothing is.
// keys: public keys in hex, one of which must have signed; without keys the signature is not checked.
export function validateMessage(topic, text, { keys = [] } = {}) {
    const where = parseTopic(topic);
    if (!where) {
        return [`${topic}: no topic of the contract`];
    }
    const { errors, head, claims, signed, signature } = decodeMessage(text);
    if (errors.length > 0) {
        return errors;
    }
    if (keys.length > 0 && !keys.some((hex) => crypto.verify(null, Buffer.from(signed), publicKey(hex), signature))) {
        errors.push("the signature fits none of the keys");
    }
    errors.push(...checkAddresses(where, claims));
    if (head.typ !== claims.typ) {
        errors.push("typ of header and claims differ");
    }
    const validate = types.get(claims.typ);
    if (!validate) {
        errors.push(`typ ${claims.typ}: no schema of that name`);
    } else if (!validate(claims)) {
        errors.push(...validate.errors.map((e) => `${e.instancePath || "/"}: ${e.message} ${JSON.stringify(e.params)}`));
    }
    return errors;
}

function readArguments(args) {
    const keys = [];
    while (args[0] === "--key") {
        keys.push(args[1]);
        args = args.slice(2);
    }
    if (args.length !== 1 || !keys.every((hex) => /^[0-9a-f]{64}$/.test(hex))) {
        console.error("usage: validate.mjs [--key HEX]... FILE");
        process.exit(2);
    }
    return { keys, file: args[0] === "-" ? 0 : args[0] };
}

function main(args) {
    const { keys, file } = readArguments(args);
    const counts = new Map();
    let wrong = 0;
    const lines = fs.readFileSync(file, "utf8").split("\n");
    for (const [i, line] of lines.entries()) {
        if (line === "") {
            continue;
        }
        const space = line.indexOf(" ");
        const topic = space < 0 ? line : line.slice(0, space);
        const text = space < 0 ? "" : line.slice(space + 1);
        const errors = validateMessage(topic, text, { keys });
        const name = `${parseTopic(topic)?.direction ?? "?"} ${decodeMessage(text).claims?.typ ?? "?"}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
        for (const error of errors) {
            console.error(`line ${i + 1}: ${name}: ${error}`);
        }
        wrong += errors.length > 0;
    }
    for (const name of [...counts.keys()].sort()) {
        console.log(`${String(counts.get(name)).padStart(7)} ${name}`);
    }
    const total = [...counts.values()].reduce((a, b) => a + b, 0);
    console.log(`${String(total).padStart(7)} messages, ${wrong} wrong`);
    process.exitCode = wrong > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    main(process.argv.slice(2));
}
