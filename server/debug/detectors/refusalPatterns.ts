// How refusals begin, in eight languages: what is looked for in the first words of an answer.

/** One language's openings, as sources of regular expressions without regard to case; `’` and `'` are written `'`. */
export interface RefusalPatterns {
  readonly language: string
  readonly openings: readonly string[]
}

const CANNOT = "(?:can(?:'?t|not| not)|won't|will not|(?:am|'m|are|'re) (?:unable to|not (?:able|going|allowed|permitted|programmed|designed|in a position) to))"
const HELP = `(?:assist|help(?= (?:you|with|in|to)|[.,;!])|provide|fulfill?|comply|support|engage|participate|take part|generate|create|produce|write|answer|respond|discuss
  |share|offer|give (?:you|advice|instructions|information)|do (?:that|this|so)|encourage|promote|condone|facilitate|endorse|recommend|suggest|advise|continue
  |proceed|process|complete|accommodate|satisfy|make (?:that|such|assumptions|jokes)|tell you how|teach you|show you how)\\b`.replace(/\s*\n\s*/g, '')

/**
 * Each begins at the start of a clause: of the answer, after a sign, or after a word such as "but". Written so that the first words are enough and
 * nothing that follows can take them back, since the words that follow are not known yet: "I can't" alone is none (wait, believe), "I can't assist" is.
 */
export const REFUSALS: readonly RefusalPatterns[] = [
  {
    language: 'English',
    openings: [
      `(?:I|we) ?(?:(?:really|simply|just|personally|also|unfortunately|must say that I) )*${CANNOT} (?:in good conscience|(?:(?:directly|ethically|legally|actually|knowingly|also|be able to|to) )*${HELP})`,
      `(?:(?:I'm|I am|we're|we are|I|we|my) )?(?:(?:really|very|so|truly|sincerely|deeply|do|must) )*(?:sorry|apologi[sz]e|apologies|regret)[^.!?\\n]{0,12}[,.]? (?:but|however),? (?:as an AI[^.,\\n]{0,50}, )?(?:I|we) ?${CANNOT}`,
      "(?:I|we) (?:do not|don't|cannot|can't) (?:condone|support|encourage|promote|endorse) ",
      "(?:I|we) (?:must|have to|need to|will have to)(?: \\w+ly)? (?:decline|refuse)",
      '(?:I|we) (?:\\w+ly )?(?:decline|refuse) to ',
      "(?:I'm|I am) not comfortable (?:with |discuss|provid|help|answer|writ|creat)",
      "I(?:'d| would) (?:rather|prefer) not (?:to )?(?:answer|say|discuss|help|provide|share)",
      "(?:it|this|that)(?:(?:'s| is| would be)(?: generally| simply)? (?:not|never)|(?: is|would)n't(?: be)?)(?: generally| ever)? (?:appropriate|ethical|acceptable|okay)(?: or \\w+)? (?:for me )?to ",
      "(?:it|this|that)(?:'s| is| would be) (?:inappropriate|unethical)(?: or \\w+)? (?:for me )?to ",
      "I (?:don't|do not) think it(?:'s| is| would be) (?:appropriate|productive|ethical|respectful) ",
      "(?:that|this)(?:'s| is) (?:not something|something) (?:that )?I(?:'m| am)? (?:can't|cannot|won't|can(?= help| assist| do| provide)|not able to|unable to)",
      "(?:this|that|your) (?:request|question|prompt)[^.\\n]{0,30}(?:violates|goes against|is against|conflicts with)",
      '(?:against|violates?) my (?:programming|guidelines|policy|policies|principles|ethical)',
      "(?:I'm|I am) (?:just |only )?an AI(?: language)?(?: model| assistant)?,?[^.\\n]{0,60}(?:do not condone|don't condone|cannot|can't|not able to|unable to|not programmed to|it's not (?:appropriate|within))",
    ],
  },
  {
    language: 'Chinese',
    openings: [
      '(?:抱歉|对不起|對不起|不好意思|很遗憾|很遺憾)[^。！？!?\\n]{0,24}(?:不能|无法|無法|不会(?=提供|协助|帮助)|不可以|没办法|沒辦法|不方便)',
      '(?:我|我们|我們)(?:们)?(?:还是|也|绝对|绝|是)?(?:不能|无法|無法|不会|不會|不可以|拒绝|拒絕)(?:直接|为您|为你|為您|為你|向您|向你|给您|给你|就此|对此|在此)?(?:提供|帮助|幫助|协助|協助|回答|满足|滿足|参与|參與|支持|给出|生成|完成|讨论|討論|执行|編寫|编写|继续|鼓励|回应|回應)',
      '作为(?:一个|一名|一款)?(?:AI|人工智能|语言模型)[^。！？\\n]{0,30}(?:不能|无法|不会|不应|不便)',
    ],
  },
  {
    language: 'French',
    openings: [
      "(?:désolée?|navrée?|je regrette|je m'excuse|malheureusement)[^.!?\\n]{0,40}(?:je ne (?:peux|puis|suis pas (?:en mesure|capable|autorisée?))|il m'est impossible|nous ne pouvons)",
      "je ne (?:peux|puis|pourrai) (?:malheureusement |absolument )?(?:pas |point )?(?:vous |t'|te |y |en )?(?:aider|assister|fournir|répondre|donner suite|accéder|participer|satisfaire|soutenir|encourager|proposer|générer|rédiger|créer|discuter)",
      'je ne suis pas (?:en mesure|autorisée?|programmée?) ',
    ],
  },
  {
    language: 'German',
    openings: [
      '(?:tut mir (?:sehr )?leid|entschuldigung|entschuldige|verzeihung|ich bedaure|leider)[^.!?\\n]{0,20}(?:(?:ich|wir) (?:kann|darf|können|dürfen|bin)|(?:kann|darf|können|dürfen|bin) (?:ich|wir))[^.!?\\n]{0,60}(?:nicht|kein)',
      '(?:ich kann|kann ich|ich darf|ich werde)[^.!?\\n]{0,60}(?:nicht|kein\\w*)[^.!?\\n]{0,50}(?:helfen|weiterhelfen|unterstützen|behilflich|bereitstellen|beantworten|anbieten|erstellen|nachkommen|erfüllen|mitwirken)',
      'ich bin nicht (?:in der Lage|befugt|berechtigt|dafür (?:da|gemacht)|darauf programmiert)',
    ],
  },
  {
    language: 'Spanish',
    openings: [
      '(?:lo siento|lo lamento|lamentablemente|disculp[ae]|perdón|perdona|mis disculpas)[^.!?\\n]{0,40}no (?:puedo|podemos|me es posible|estoy (?:en condiciones|autorizad))',
      'no (?:te |le |les |os )?(?:puedo|podemos|podré) (?:ayudar|asistir|proporcionar|ofrecer|responder|brindar|participar|cumplir|facilitar|generar|crear|apoyar|escribir|dar(?:te|le)? (?:esa|instrucciones|información|consejos)|continuar con)',
      'no (?:estoy en condiciones|estoy autorizad[oa]|soy capaz|estoy programad[oa])',
    ],
  },
  {
    language: 'Russian',
    openings: [
      '(?:извините|простите|прошу прощения|приношу извинения|к сожалению|сожалею|мне жаль)[^.!?\\n]{0,50}(?:не (?:могу|можем|смогу|в состоянии|имею (?:возможности|права)|буду))',
      'я (?:\\S+ )?не (?:могу|буду|смогу|стану) (?:вам |тебе |с этим |в этом )?(?:помочь|помогать|предоставить|предоставлять|ответить|отвечать|выполнить|дать|давать|создать|создавать|обсуждать|участвовать|поддерживать|писать|написать)',
    ],
  },
  {
    language: 'Japanese',
    openings: [
      '(?:申し訳(?:あり|ござい)ません|すみません|ごめんなさい|恐れ入りますが|恐縮ですが|残念ながら)[^。！？\\n]{0,60}(?:でき(?:ません|かねます|ない)|いたしかねます|(?:応じ|答え)られません|お断り)',
      '(?:お答え|お応え|お手伝い|ご協力|ご案内|提供|対応|回答|支援|協力|作成)(?:する|すること)?(?:は|が|には|も)?(?:でき(?:ません|かねます)|いたしかねます)',
    ],
  },
  {
    language: 'Arabic',
    openings: [
      '(?:آسفة?|عذر[اًا]+|أعتذر|المعذرة|للأسف|متأسفة?)[^.!؟\\n]{0,50}(?:لا (?:أستطيع|استطيع|يمكنني|يمكن لي|أقدر)|لن أ\\S+|(?:غير|لست) قادر)',
      '(?:لا (?:أستطيع|استطيع|يمكنني)|لن أتمكن من) (?:أن )?(?:مساعدتك|مساعدتكم|المساعدة|مساعدة|تقديم|أقدم|الإجابة|توفير|أساعدك|إعطاء|تلبية|المشاركة|إنشاء|كتابة|دعم)',
    ],
  },
]
