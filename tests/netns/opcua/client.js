// SPDX-License-Identifier: MIT
// The client of the OPC UA lab: one session, then what it was asked to do, one line each.
// usage: client.js URL MODE USER FOLDER ACTION...
//   MODE  None, Sign, SignAndEncrypt     USER  anonymous, operator
//   read NODE | write NODE NUMBER | fill NODE BYTES | browse | poll SECONDS (reads all the time, and says how often)
//   again NODE,NODE... TIMES (one read after the other, of these in turn) | watch NODE SECONDS (a subscription; counts what it hears)
//   together NODE TIMES (reads, all asked at once)
//   subscribe PUBLISHING SAMPLING (both in ms; says what the server grants)
//   defaults (a subscription and an item of data with nothing but their node named)
//   events (an item for the events of the server)
//   modify TIMES MS (a subscription, so often to the interval that it has; then to this one)
// It ends with 0 when all answers were good; a connection that is lost is never opened again.
"use strict";
const path = require("path");
const { OPCUAClient, OPCUACertificateManager, MessageSecurityMode, SecurityPolicy, UserTokenType, AttributeIds,
        DataType, ClientSubscription, TimestampsToReturn, constructEventFilter } = require("node-opcua");

const [url, mode, user, folder, ...actions] = process.argv.slice(2);
let bad = 0, renewed = 0;

function say(what, good) {
    console.log(what);
    bad += good ? 0 : 1;
}

async function read(session, nodeId) {
    const v = await session.read({ nodeId, attributeId: AttributeIds.Value });
    return [v.statusCode.isGood(), v.value && v.value.value && v.value.value.length || v.value && v.value.value];
}

async function poll(session, seconds) {
    const end = Date.now() + seconds * 1000;
    let n = 0;
    while (Date.now() < end) {
        const [good] = await read(session, "ns=1;s=Pump.Level");
        n += good ? 1 : 0;
        await new Promise(r => setTimeout(r, 50));
    }
    return n;
}

function subscription(ms) {
    return { requestedPublishingInterval: Number(ms), requestedLifetimeCount: 600, requestedMaxKeepAliveCount: 10,
        maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 1 };
}

const verbs = {
    async read(session, nodeId) {
        const [good, value] = await read(session, nodeId);
        say(`read ${nodeId} ${value}`, good);
    },
    async write(session, nodeId, number) {
        const code = await session.write({ nodeId, attributeId: AttributeIds.Value,
            value: { value: { dataType: DataType.Double, value: Number(number) } } });
        say(`write ${nodeId} ${code.name}`, code.isGood());
    },
    async fill(session, nodeId, bytes) {
        const code = await session.write({ nodeId, attributeId: AttributeIds.Value,
            value: { value: { dataType: DataType.ByteString, value: Buffer.alloc(Number(bytes), 9) } } });
        say(`fill ${nodeId} ${code.name}`, code.isGood());
    },
    async browse(session) {
        const r = await session.browse("ObjectsFolder");
        say(`browse ${r.references.length}`, r.statusCode.isGood());
    },
    async again(session, nodeIds, times) {
        const ids = nodeIds.split(",");
        let n = 0;
        for (let i = 0; i < Number(times); i++)
            n += (await read(session, ids[i % ids.length]))[0] ? 1 : 0;
        say(`again ${n}`, n === Number(times));
    },
    async watch(session, nodeId, seconds) {
        let heard = 0;
        const s = ClientSubscription.create(session, { requestedPublishingInterval: 100, publishingEnabled: true,
            requestedMaxKeepAliveCount: 2, requestedLifetimeCount: 600 });
        s.on("raw_notification", () => heard++);
        s.on("keepalive", () => heard++);
        const item = await s.monitor({ nodeId, attributeId: AttributeIds.Value },
            { samplingInterval: 100, queueSize: 10 }, TimestampsToReturn.Both);
        item.on("changed", () => 0);
        await new Promise(r => setTimeout(r, Number(seconds) * 1000));
        await s.terminate();
        say(`watch ${heard}`, heard > 0);
    },
    async together(session, nodeId, times) {
        const all = await Promise.all(Array.from({ length: Number(times) }, () => read(session, nodeId)));
        say(`together ${all.filter(([good]) => good).length}`, all.every(([good]) => good));
    },
    async subscribe(session, publishing, sampling) {
        const s = await session.createSubscription(subscription(publishing));
        const parameters = { clientHandle: 1, samplingInterval: Number(sampling), queueSize: 1, discardOldest: true };
        const r = await session.createMonitoredItems({ subscriptionId: s.subscriptionId, timestampsToReturn: 2,
            itemsToCreate: [{ itemToMonitor: { nodeId: "ns=1;s=Pump.Level", attributeId: AttributeIds.Value },
                monitoringMode: 2, requestedParameters: parameters }] });
        say(`subscribe ${s.revisedPublishingInterval} ${r.results[0].revisedSamplingInterval}`,
            r.results[0].statusCode.isGood());
    },
    async defaults(session) {
        const s = ClientSubscription.create(session, { publishingEnabled: true });
        const item = await s.monitor({ nodeId: "ns=1;s=Pump.Level", attributeId: AttributeIds.Value }, {},
            TimestampsToReturn.Both);
        const value = await new Promise(r => item.once("changed", r));
        await s.terminate();
        say(`defaults ${item.result.statusCode.name}`, value.statusCode.isGood());
    },
    async events(session) {
        const s = await session.createSubscription(subscription(500));
        const r = await session.createMonitoredItems({ subscriptionId: s.subscriptionId, timestampsToReturn: 2,
            itemsToCreate: [{ itemToMonitor: { nodeId: "i=2253", attributeId: AttributeIds.EventNotifier },
                monitoringMode: 2, requestedParameters: { clientHandle: 1, samplingInterval: 0, queueSize: 10,
                    discardOldest: true, filter: constructEventFilter(["Message"]) } }] });
        say(`events ${r.results[0].statusCode.name}`, r.results[0].statusCode.isGood());
    },
    async modify(session, times, ms) {
        const { subscriptionId } = await session.createSubscription(subscription(500));
        for (let i = 0; i < Number(times); i++)
            await session.modifySubscription({ subscriptionId, ...subscription(500) });
        const r = await session.modifySubscription({ subscriptionId, ...subscription(ms) });
        say(`modify ${r.revisedPublishingInterval}`, true);
    },
    async poll(session, seconds) {
        say(`poll ${await poll(session, Number(seconds))}`, true);
        console.log(`renewed ${renewed}`);
    },
};
const operands = { read: 1, write: 2, fill: 2, browse: 0, poll: 1, again: 2, watch: 2, together: 2, subscribe: 2, defaults: 0, events: 0, modify: 2 };

async function main() {
    const client = OPCUAClient.create({
        applicationName: "lab", endpointMustExist: false, securityMode: MessageSecurityMode[mode],
        securityPolicy: mode === "None" ? SecurityPolicy.None : SecurityPolicy.Basic256Sha256,
        connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 }, transportTimeout: 15000,
        // renewed all the time; but this server answers what was asked under a token with that token, be it old
        defaultSecureTokenLifetime: actions.includes("defaults") ? 60000 : 2000,
        clientCertificateManager: new OPCUACertificateManager({ automaticallyAcceptUnknownCertificate: true,
            rootFolder: path.join(folder, "client-pki") }),
    });
    const lost = () => { console.log("lost"); process.exit(2); };
    client.on("connection_lost", lost);
    client.on("abort", lost);
    client.on("security_token_renewed", () => renewed++);
    await client.connect(url);
    console.log("connected");
    const session = await client.createSession(user === "operator"
        ? { type: UserTokenType.UserName, userName: "operator", password: "secret" } : undefined);
    console.log("session");
    while (actions.length) {
        const verb = actions.shift();
        await verbs[verb](session, ...actions.splice(0, operands[verb]));
    }
    client.removeListener("connection_lost", lost);
    client.removeListener("abort", lost);
    await session.close();
    await client.disconnect();
    process.exit(bad ? 1 : 0);
}

main().catch(e => { console.log("refused: " + e.message.split("\n")[0]); process.exit(2); });
setTimeout(() => { console.log("timeout"); process.exit(3); }, 25000);
