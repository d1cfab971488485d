// Echoes what comes. Run as: node echo.js SOCKET LENGTH
require("net")
  .createServer((stream) => {
    stream.on("data", (bytes) => stream.write(bytes));
    stream.on("error", () => {});
  })
  .listen(process.argv[2]);
