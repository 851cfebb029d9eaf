// Asks iam-simulate for the decision on each case. Reads a JSON list of simulations on stdin, each with the part of the
// analysis that is asked for; writes a JSON list of results, or of errors where it refuses a document.
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

let text = ''
for await (const part of process.stdin) text += part

const results = []
for (const { simulation, part } of JSON.parse(text)) {
  if (simulation.request.principal === 'anonymous') simulation.request.principal = anonymousPrincipal
  const answer = await runSimulation(simulation, {})
  if (answer.resultType !== 'single') results.push(`refused: ${JSON.stringify(answer.errors ?? answer.resultType)}`)
  else if (answer.result.ignoredContextKeys.length) results.push(`ignored: ${answer.result.ignoredContextKeys}`)
  else results.push(part === 'resource' ? answer.result.analysis.resourceAnalysis.result : answer.overallResult)
}
process.stdout.write(JSON.stringify(results))
