// Asks by HTTP/2, where the host is no header: second.mjs URL AUTHORITY PATH. Prints the status and the body.
import http2 from "node:http2";

const [url, authority, path] = process.argv.slice(2);
const session = http2.connect(url);
const stream = session.request({ ":method": "GET", ":path": path, ":authority": authority });
let status = 0;
const chunks = [];
stream.on("response", (headers) => {
  status = headers[":status"];
});
stream.on("data", (chunk) => chunks.push(chunk));
stream.on("end", () => {
  console.log(JSON.stringify({ status, body: Buffer.concat(chunks).toString() }));
  session.close();
});
stream.on("error", (error) => {
  throw error;
});
