import express from 'express';

// The same through Express 5 and its JSON parser.
const app = express();
app.use(express.json());
app.use((request, response) => {
  response.json(request.body ?? {});
});
app.listen(Number(process.argv[2]), '127.0.0.1');
