// A user's program: `serve COUNT` answers requests, `call ENDPOINT` makes one.

import { Reply, Request } from "ohmq"

async function serve(count) {
  const socket = new Reply()
  await socket.bind("tcp://127.0.0.1:*")
  console.log(socket.lastEndpoint)
  for (let answered = 0; answered < count; answered += 1) {
    const [request] = await socket.receive()
    await socket.send(`node heard: ${request.toString()}`)
  }
  socket.close()
}

async function call(endpoint) {
  const socket = new Request()
  socket.connect(endpoint)
  await socket.send("hello from node")
  const [reply] = await socket.receive()
  console.log(reply.toString())
  socket.close()
}

const [task, argument] = process.argv.slice(2)
await (task === "serve" ? serve(Number(argument)) : call(argument))
