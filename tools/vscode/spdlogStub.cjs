// Takes the place of @vscode/spdlog, whose native half is not built here: writes each log line to its file, so that logs and the Output panel work.
const { appendFileSync, mkdirSync } = require('node:fs')
const { dirname } = require('node:path')

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical']

class Logger {
  constructor(_kind, _name, file) {
    this.file = file
    this.level = levels.indexOf('info')
    this.lineEnd = '\n'
    mkdirSync(dirname(file), { recursive: true })
    appendFileSync(file, '')
  }
  getLevel() { return this.level }
  setLevel(level) { this.level = level }
  // VS Code formats its own lines, line end included, where it clears the formatters.
  clearFormatters() { this.lineEnd = '' }
  setPattern() {}
  flush() {}
  drop() { this.file = undefined }
}
levels.forEach((name, level) => {
  Logger.prototype[name] = function (message) {
    if (level < this.level || !this.file) return
    try {
      appendFileSync(this.file, message + this.lineEnd)
    } catch {
      // The log's folder is gone: the server is being stopped.
    }
  }
})

exports.version = 0
exports.setLevel = () => {}
exports.setFlushOn = () => {}
exports.Logger = Logger
exports.createRotatingLogger = async (name, file) => new Logger('rotating', name, file)
exports.createAsyncRotatingLogger = exports.createRotatingLogger
