// SPDX-License-Identifier: MIT
// The device of the OPC UA lab: one pump with a level and a setpoint, all security
// modes, anonymous users and one with a name. usage: server.js HOST PORT FOLDER
// FOLDER/value always holds what the setpoint is; FOLDER/ready says that it listens.
"use strict";
const fs = require("fs");
const path = require("path");
const { OPCUAServer, OPCUACertificateManager, MessageSecurityMode, SecurityPolicy, Variant, DataType,
        StatusCodes } = require("node-opcua");

const [host, port, folder] = process.argv.slice(2);
let setpoint = 10;
let log = Buffer.alloc(150000, 7);

function put(name, text) {
    fs.writeFileSync(path.join(folder, name + ".new"), text + "\n");
    fs.renameSync(path.join(folder, name + ".new"), path.join(folder, name));
}

function setpointIs(v) {
    setpoint = v;
    put("value", String(v));
}

function plant(space) {
    const ns = space.getOwnNamespace();
    const pump = ns.addObject({ browseName: "Pump", nodeId: "s=Pump", organizedBy: space.rootFolder.objects });
    ns.addVariable({ browseName: "Level", nodeId: "s=Pump.Level", componentOf: pump, minimumSamplingInterval: 100, dataType: "Double",
        value: { get: () => new Variant({ dataType: DataType.Double, value: 4 + Date.now() / 100 % 100 / 100 }) } });
    ns.addVariable({ browseName: "Setpoint", nodeId: "s=Pump.Setpoint", componentOf: pump, minimumSamplingInterval: 100, dataType: "Double",
        value: {
            get: () => new Variant({ dataType: DataType.Double, value: setpoint }),
            set: v => { setpointIs(v.value); return StatusCodes.Good; },
        } });
    // an array that needs several chunks
    ns.addVariable({ browseName: "Log", nodeId: "s=Pump.Log", componentOf: pump, minimumSamplingInterval: 100,
        dataType: "ByteString",
        value: {
            get: () => new Variant({ dataType: DataType.ByteString, value: log }),
            set: v => { log = v.value; put("log", String(log.length)); return StatusCodes.Good; },
        } });
}

async function main() {
    const certificates = new OPCUACertificateManager({ automaticallyAcceptUnknownCertificate: true,
        rootFolder: path.join(folder, "server-pki") });
    const server = new OPCUAServer({
        port: Number(port), hostname: host, resourcePath: "/plc",
        serverCertificateManager: certificates, userCertificateManager: certificates,
        securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
        securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
        allowAnonymous: true,
        // sessions whose connections the gate has ended stay until their time is over
        maxConnectionsPerEndpoint: 200, serverCapabilities: { maxSessions: 200 },
        userManager: { isValidUser: (name, word) => name === "operator" && word === "secret" },
    });
    await server.initialize();
    plant(server.engine.addressSpace);
    await server.start();
    setpointIs(setpoint);
    put("thumbprint", require("crypto").createHash("sha1").update(server.getCertificate()).digest("hex"));
    put("ready", "ready");
}

main().catch(e => { console.error(e.message); process.exit(1); });
