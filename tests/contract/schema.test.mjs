// SPDX-License-Identifier: Apache-2.0
// The three places where the contract stands (the table in common/msg.c, docs/schema, docs/asyncapi.json) say the same,
// and the schemas accept and refuse what they should.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeMessage, loadSchemas, SHARED_SCHEMAS, validateMessage } from "./validate.mjs";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const DEVICE = "0123456789abcdef";
const ZEROS = "0".repeat(64);

const schemas = loadSchemas();
const asyncapi = JSON.parse(fs.readFileSync(path.join(ROOT, "docs/asyncapi.json"), "utf8"));
const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
const KEY = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
const OTHER_KEY = crypto.generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" })
    .subarray(-32).toString("hex");

function rowsOfTable() {
    const source = fs.readFileSync(path.join(ROOT, "common/msg.c"), "utf8");
    const rows = [...source.matchAll(/\{MSG_(UP|DOWN), MSG_([A-Z]+), "([a-z_.0-9]+)"\}/g)];
    return rows.map(([, dir, stream, typ]) => ({ dir: dir === "UP" ? "up" : "dn", stream: stream.toLowerCase(), typ }));
}

const rows = rowsOfTable();

function datSchema(row) {
    const schema = schemas.get(`${row.typ}.json`);
    return schema.properties.dat ?? (row.dir === "dn" ? schema.then : schema.else).properties.dat;
}

function goodClaims(row, dat) {
    const [iss, aud] = row.dir === "up" ? [DEVICE, "hub"] : ["hub", DEVICE];
    return {
        iss, aud, stm: row.stream, typ: row.typ, epo: 1, seq: 7, prv: ZEROS, jti: "00112233445566778899aabbccddeeff",
        iat: 1790000000000, bct: 4, bms: 98765, clk: "ntp", ack: 3, dat,
        ...(row.dir === "dn" && row.stream === "rpc" ? { exp: 1790000030000 } : {}),
    };
}

function encode(header, payload) {
    const signed = `${Buffer.from(header).toString("base64url")}.${Buffer.from(payload).toString("base64url")}`;
    return `${signed}.${crypto.sign(null, Buffer.from(signed), privateKey).toString("base64url")}`;
}

function headerOf(typ) {
    return JSON.stringify({ alg: "EdDSA", typ, kid: "c5e21ab1c9f6022d" });
}

function seal(claims) {
    return encode(headerOf(claims.typ), JSON.stringify(claims));
}

function topicOf(row) {
    return `mdl/v1/${DEVICE}/${row.dir}/${row.stream}`;
}

function check(row, claims) {
    return validateMessage(topicOf(row), seal(claims), { keys: [KEY] });
}

function examples() {
    return rows.flatMap((row) => datSchema(row).examples.map((dat) => ({ row, dat })));
}

const row = rows.find((r) => r.typ === "order.loaded.v1");
const [good] = datSchema(row).examples;

test("every type of the table in msg.c has a schema and the reverse", () => {
    assert.ok(rows.length >= 29);
    const inTable = [...new Set(rows.map((r) => `${r.typ}.json`)), ...SHARED_SCHEMAS].sort();
    assert.deepEqual([...schemas.keys()].sort(), inTable);
});

test("every schema names its own type, stream and direction", () => {
    for (const r of rows) {
        const { title, allOf, properties } = schemas.get(`${r.typ}.json`);
        assert.equal(title, r.typ);
        assert.deepEqual(allOf, [{ $ref: "envelope.json" }]);
        assert.equal(properties.typ.const, r.typ);
        assert.equal(properties.stm.const, r.stream);
        if (r.typ !== "ack.v1") {
            assert.equal(properties.iss.$ref, `common.json#/$defs/${r.dir === "up" ? "locker" : "hub"}`);
        }
    }
});

test("AsyncAPI has each type on the channel of its direction and stream and no others", () => {
    const inTable = rows.map((r) => `mdl/v1/{locker}/${r.dir}/${r.stream} ${r.typ}`).sort();
    const inChannels = Object.values(asyncapi.channels)
        .flatMap((c) => Object.keys(c.messages).map((typ) => `${c.address} ${typ}`));
    const inOperations = Object.values(asyncapi.operations).flatMap((o) => {
        const { address } = asyncapi.channels[o.channel.$ref.split("/").pop()];
        assert.equal(o.action, address.includes("/up/") ? "send" : "receive");
        assert.equal(o.bindings.mqtt.retain, false);
        return o.messages.map((m) => `${address} ${m.$ref.split("/").pop()}`);
    });
    assert.deepEqual(inChannels.sort(), inTable);
    assert.deepEqual(inOperations.sort(), inTable);
});

test("every reference of AsyncAPI leads somewhere", () => {
    const resolve = (ref) => ref.slice(2).split("/").reduce((node, key) => node?.[key], asyncapi);
    const visit = (node) => {
        if (typeof node !== "object" || node === null) {
            return;
        }
        if (typeof node.$ref === "string") {
            const found = node.$ref.startsWith("#/") ? resolve(node.$ref)
                : fs.existsSync(path.join(ROOT, "docs", node.$ref));
            assert.ok(found, node.$ref);
        }
        Object.values(node).forEach(visit);
    };
    visit(asyncapi);
    for (const [typ, message] of Object.entries(asyncapi.components.messages)) {
        assert.equal(message.name, typ);
        assert.equal(message.payload.schema.$ref, `schema/${typ}.json`);
    }
});

test("no object of any schema lets unknown members in, no number and text is without limits", () => {
    const visit = (node, where) => {
        if (typeof node !== "object" || node === null) {
            return;
        }
        const conditional = /\/(if|then|else|allOf\/\d+)$/.test(where);
        const isPayload = node.allOf?.[0]?.$ref === "envelope.json";
        if (node.type === "object" && node.properties && !conditional && !isPayload) {
            assert.equal(node.additionalProperties, false, where);
        }
        if (node.type === "integer") {
            assert.ok(Number.isSafeInteger(node.minimum) && Number.isSafeInteger(node.maximum), where);
        }
        if (node.type === "string") {
            assert.ok(node.enum || /^\^.*\$$/.test(node.pattern), where);
        }
        if (node.type === "array") {
            assert.ok(node.maxItems > 0, where);
        }
        assert.notEqual(node.type, "number", where);
        for (const [key, child] of Object.entries(node)) {
            if (key !== "examples") {
                visit(child, `${where}/${key}`);
            }
        }
    };
    schemas.forEach((schema, name) => visit(schema, name));
});

test("the example of every type is accepted", () => {
    for (const { row: r, dat } of examples()) {
        assert.deepEqual(check(r, goodClaims(r, dat)), [], `${r.dir} ${r.typ}`);
    }
});

test("every required member of every example is really required, and others are refused", () => {
    for (const { row: r, dat } of examples()) {
        for (const name of datSchema(r).required) {
            const less = { ...dat };
            delete less[name];
            assert.notDeepEqual(check(r, goodClaims(r, less)), [], `${r.typ} without ${name}`);
            assert.notDeepEqual(check(r, goodClaims(r, { ...dat, [name]: [0.5] })), [], `${r.typ} bad ${name}`);
        }
        assert.notDeepEqual(check(r, goodClaims(r, { ...dat, name: "A. Patient" })), [], `${r.typ} with a name`);
    }
});

test("every claim is required, in range, and no other is accepted", () => {
    const claims = goodClaims(row, good);
    for (const name of Object.keys(claims)) {
        const less = { ...claims };
        delete less[name];
        assert.notDeepEqual(check(row, less), [], `without ${name}`);
    }
    const bad = {
        epo: [0, 4294967296, "1"], seq: [0, -1, 1.5, 2 ** 53], prv: ["", "0".repeat(63), "A".repeat(64)],
        jti: ["0".repeat(31), "G".repeat(32)], iat: [-1, 253402300800000], exp: [0, null], bct: [-1, 4294967296],
        bms: [-1], clk: ["gps", 1], ack: [-1], dat: [null, []], iss: ["hub", "0123456789ABCDEF"], aud: [DEVICE],
        stm: ["tel"], typ: ["order.loaded.v2"], nbf: [1],
    };
    for (const [name, values] of Object.entries(bad)) {
        for (const value of values) {
            assert.notDeepEqual(check(row, { ...claims, [name]: value }), [], `${name} ${value}`);
        }
    }
    assert.deepEqual(check(row, { ...claims, exp: 1790000000001, prv: "5a".repeat(32) }), []);
});

test("dat members out of range are refused", () => {
    const bad = [
        ["order.loaded.v1", { door: "a3" }], ["order.loaded.v1", { door: "A3456789B" }], ["order.loaded.v1", { lod: 0 }],
        ["order.loaded.v1", { ord: DEVICE }], ["order.collected.v1", { pulses: 4 }],
        ["order.collected.v1", { actor: { kind: "staff" } }],
        ["order.collected.v1", { actor: { kind: "code", staff: "0102030405060708" } }],
        ["order.collected.v1", { proof: "guess" }], ["door.pulsed.v1", { try: 0 }], ["door.pulsed.v1", { lod: undefined }],
        ["order.voided.v1", { door: "" }], ["compartment.changed.v1", { state: "EMPTY" }],
        ["compartment.changed.v1", { cause: "Two words" }], ["board.changed.v1", { state: "unknown" }],
        ["cabinet.described.v1", { doors: [] }], ["locker.heartbeat.v1", { mode: "locked" }],
        ["order.collected.v1", { actor: { kind: "carer" } }], ["order.collected.v1", { actor: { kind: "remote" } }],
        ["order.collected.v1", { actor: { kind: "remote", carer: "c1c2c3c4c5c6c7c8" } }],
        ["order.collected.v1", { actor: { kind: "carer", carer: "c1c2c3c4c5c6c7c8", staff: "0102030405060708" } }],
        ["carer.grant.v1", { person: "d1d2d3d4d5d6d7d8" }], ["carer.grant.v1", { lod: undefined }],
        ["carer.grant.v1", { ord: undefined, lod: undefined }], ["carer.grant.v1", { v2: "11" }],
        ["scan.refused.v1", { cause: "1234567890" }], ["scan.refused.v1", { lod: undefined }], ["scan.refused.v1", { text: "x" }],
        ["open.refused.v1", { cause: "other" }], ["order.reported.v1", { what: "" }],
        ["order.withdraw.v1", { cause: "staff" }], ["climate.changed.v1", { milli_c: 4.5 }],
    ];
    for (const [typ, change] of bad) {
        const r = rows.find((x) => x.typ === typ);
        const dat = { ...datSchema(r).examples[0], ...change };
        assert.notDeepEqual(check(r, goodClaims(r, dat)), [], `${typ} ${JSON.stringify(change)}`);
    }
});

test("optional members are accepted with and without", () => {
    const alternatives = [
        ["door.pulsed.v1", { door: "A3", pulse: 17, try: 3, actor: { kind: "staff", staff: "0102030405060708" } }],
        ["door.left_open.v1", { door: "A3", since_ms: 0 }], ["climate.changed.v1", { sensor: "fridge", state: "missing" }],
        ["order.voided.v1", { ...good, staff: undefined, door: "C8", cause: "staff" }],
        ["command.done.v1", { seq: 4, result: "refused", cause: "unknown" }],
        ["door.pulsed.v1", { door: "A3", pulse: 17, try: 1, actor: { kind: "carer", carer: "c1c2c3c4c5c6c7c8" } }],
        ["door.pulsed.v1", { door: "A3", pulse: 17, try: 1, actor: { kind: "remote", staff: "0102030405060708" } }],
    ];
    for (const [typ, dat] of alternatives) {
        const r = rows.find((x) => x.typ === typ);
        assert.deepEqual(check(r, goodClaims(r, dat)), [], typ);
    }
});

test("acknowledgements count the stream of the other direction", () => {
    const up = { dir: "up", stream: "ack", typ: "ack.v1" };
    const dn = { dir: "dn", stream: "ack", typ: "ack.v1" };
    assert.deepEqual(check(up, goodClaims(up, { cmd: 0 })), []);
    assert.deepEqual(check(dn, goodClaims(dn, { evt: 0 })), []);
    assert.notDeepEqual(check(up, goodClaims(up, { evt: 0 })), []);
    assert.notDeepEqual(check(dn, goodClaims(dn, { cmd: 0 })), []);
    assert.notDeepEqual(check(dn, { ...goodClaims(dn, { evt: 0 }), prv: "5a".repeat(32) }), []);
});

test("a message of the hub on rpc has an expiry", () => {
    for (const typ of ["open.ask.v1", "open.answer.v1"]) {
        const r = rows.find((x) => x.typ === typ);
        const claims = goodClaims(r, datSchema(r).examples[0]);
        assert.deepEqual(check(r, claims), []);
        delete claims.exp;
        assert.notDeepEqual(check(r, claims), [], typ);
    }
});

test("a message on another topic than its own is refused", () => {
    const text = seal(goodClaims(row, good));
    for (const topic of [`mdl/v1/${DEVICE}/up/tel`, `mdl/v1/${DEVICE}/dn/evt`, "mdl/v1/0123456789abcdee/up/evt",
        `mdl/v2/${DEVICE}/up/evt`, `mdl/v1/${DEVICE}/up/evt/x`]) {
        assert.notDeepEqual(validateMessage(topic, text), [], topic);
    }
});

test("signature, form and spelling of the JWS are checked", () => {
    const claims = goodClaims(row, good);
    const text = seal(claims);
    const topic = topicOf(row);
    assert.deepEqual(validateMessage(topic, text, { keys: [OTHER_KEY, KEY] }), []);
    assert.notDeepEqual(validateMessage(topic, text, { keys: [OTHER_KEY] }), []);
    const payload = JSON.stringify(claims);
    const bad = [
        "", "..", text.split(".").slice(0, 2).join("."), `${text}.`, `${text}=`, ` ${text}`, text.slice(0, -1),
        encode(JSON.stringify({ alg: "none", typ: row.typ, kid: "c5e21ab1c9f6022d" }), payload),
        encode(JSON.stringify({ alg: "EdDSA", typ: row.typ, kid: "c5e21ab1c9f6022d", crit: [] }), payload),
        encode(headerOf("order.removed.v1"), payload),
        encode(headerOf(row.typ), payload.replace('"seq":7', '"seq":7,"seq":7')),
        encode(headerOf(row.typ), payload.replace('"seq":7', '"seq":7.0')),
        encode(headerOf(row.typ), `${payload}x`),
        encode(headerOf(row.typ), "[]"),
        encode(headerOf(row.typ), Buffer.from([0xff])),
    ];
    for (const [i, one] of bad.entries()) {
        assert.notDeepEqual(validateMessage(topic, one), [], `bad ${i}`);
    }
});

test("the sealed text of the C unit test is a good message of its topic", () => {
    const source = fs.readFileSync(path.join(ROOT, "tests/unit/test_msg.c"), "utf8");
    const literal = /static const char golden\[\] =([^;]*);/.exec(source)[1];
    const text = [...literal.matchAll(/"([^"]*)"/g)].map((m) => m[1]).join("");
    const { claims } = decodeMessage(text);
    assert.equal(claims.seq, 7);
    assert.deepEqual(validateMessage(topicOf(row), text, {
        keys: ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"],
    }), []);
});

test("the command line counts types and fails on a wrong line", (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "contract-"));
    t.after(() => fs.rmSync(dir, { recursive: true }));
    const file = path.join(dir, "traffic");
    const line = `${topicOf(row)} ${seal(goodClaims(row, good))}`;
    const run = (...args) => spawnSync(process.execPath, [path.join(ROOT, "tests/contract/validate.mjs"), ...args],
        { encoding: "utf8" });
    fs.writeFileSync(file, `${line}\n${line}\n`);
    const fine = run("--key", KEY, file);
    assert.equal(fine.status, 0, fine.stderr);
    assert.match(fine.stdout, /2 up order\.loaded\.v1/);
    fs.appendFileSync(file, `${topicOf(row)} offline\n`);
    const wrong = run(file);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /line 3/);
    assert.match(wrong.stdout, /3 messages, 1 wrong/);
    assert.equal(run().status, 2);
});
